// The device library as the registries of PlatformIO and Arduino take it. The rules are those of PlatformIO's manifest documentation
// (library.json), of Arduino's library specification, rev. 2.2 (library.properties, keywords.txt), and of arduino-lint's strict mode.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../scripts/firmware/examples.mjs'
import { keywordsOf } from '../../scripts/keywords.mjs'
import { root } from './build.js'

const LIBRARY = path.join(root, 'firmware/lib/portwire')
const read = (file: string) => readFileSync(path.join(LIBRARY, file), 'utf8')
const files = readdirSync(LIBRARY, { recursive: true, withFileTypes: true })
const paths = files.map((file) => path.relative(LIBRARY, path.join(file.parentPath, file.name)))
const packageJson = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  version: string
  files: string[]
}

describe('library.json', () => {
  const manifest = JSON.parse(read('library.json'))

  it('has the fields that PlatformIO requires and recommends, in the forms that it takes', () => {
    expect(manifest.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(manifest.name.length).toBeLessThanOrEqual(50)
    expect(manifest.version).toBe(packageJson.version)
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+(-[a-z0-9.-]+)?$/)
    expect(manifest.description.length).toBeGreaterThan(0)
    expect(manifest.description.length).toBeLessThanOrEqual(255)
    expect(manifest.license).toBe('Apache-2.0')
    expect(new URL(manifest.homepage).protocol).toBe('https:')
    expect(manifest.homepage.length).toBeLessThanOrEqual(255)
    for (const author of manifest.authors) expect(author.name).toMatch(/^.{1,50}$/)
    for (const keyword of manifest.keywords) expect(keyword).toMatch(/^[a-z\d\-+. ]{1,50}$/)
    for (const platform of manifest.platforms) expect(platform).toMatch(/^[a-z\d\-_]{1,50}$/)
  })

  it('says what its flash and RAM are beside, as library.properties does, and the core keeps them', () => {
    const said = 'less than 4 KB of flash and 256 B of RAM beside an empty sketch on an ATmega328P'
    expect(manifest.description).toContain(said)
    expect(read('library.properties')).toContain(said)
    // The page's prices are flash / RAM; another test keeps the page true.
    const page = readFileSync(path.join(root, 'docs/firmware-size.md'), 'utf8')
    const row = /^\| core, one handler, own UART \|.*\| empty sketch \| ([\d,]+) \/ (\d+) \|/m.exec(page)!
    expect(Number(row[1]!.replace(',', ''))).toBeLessThan(4096)
    expect(Number(row[2])).toBeLessThan(256)
  })

  it('has no field that PlatformIO does not know', () => {
    const known =
      'name version description keywords homepage repository authors license frameworks platforms headers examples dependencies export scripts build'
    expect(Object.keys(manifest).filter((key) => !known.split(' ').includes(key))).toEqual([])
  })

  it('names the platform of every environment that is built', () => {
    const ini = readFileSync(path.join(root, 'platformio.ini'), 'utf8')
    const platforms = [...ini.matchAll(/^platform = (\w+)$/gm)].map(([, platform]) => platform!)
    expect(platforms.length).toBeGreaterThan(5)
    expect(platforms.filter((platform) => !manifest.platforms.includes(platform))).toEqual([])
  })

  it('names its header and its examples, whose files are all there and no others', () => {
    expect(paths).toContain(`src/${manifest.headers}`)
    expect(manifest.examples).toEqual(
      EXAMPLES.map(({ title, name }) => ({
        name: title,
        base: `examples/${title}`,
        files: [`${title}.ino`, `${name}_contract.h`],
      })),
    )
    const listed = manifest.examples.flatMap(({ base, files }: { base: string; files: string[] }) =>
      files.map((file) => `${base}/${file}`),
    )
    const there = paths.filter((file) => /^examples\/.*\./.test(file))
    expect(there.sort()).toEqual(listed.sort())
  })

  it('exports what a user needs and nothing else: no tests', () => {
    const top = readdirSync(LIBRARY)
    expect([...manifest.export.include].sort()).toEqual(top.sort())
    expect(paths.filter((file) => /test|doctest/i.test(file))).toEqual([])
    expect(packageJson.files).toContain('firmware/lib')
    expect(packageJson.files.filter((file) => file.startsWith('firmware/test'))).toEqual([])
  })
})

describe('library.properties', () => {
  const lines = read('library.properties').trimEnd().split('\n')
  const properties = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

  it('has each field that Arduino requires once, with a value, and none that it does not know', () => {
    const required =
      'name version author maintainer sentence paragraph category url architectures includes license'.split(' ')
    expect(Object.keys(properties).sort()).toEqual(required.sort())
    expect(lines).toHaveLength(required.length)
    for (const value of Object.values(properties)) expect(value).toMatch(/^\S.*\S$/)
  })

  it('keeps the rules of the library manager', () => {
    expect(properties['name']).toMatch(/^[a-zA-Z][a-zA-Z0-9_.-]{0,15}$/)
    expect(properties['name']).not.toMatch(/arduino|library/i)
    expect(properties['version']).toBe(packageJson.version)
    expect(properties['version']).toMatch(/^\d+\.\d+\.\d+$/)
    expect(properties['maintainer']).not.toMatch(/arduino/i)
    expect(properties['paragraph']).not.toContain(properties['sentence'])
    // The specification's closed list.
    expect(
      'Display|Communication|Signal Input/Output|Sensors|Device Control|Timing|Data Storage|Data Processing|Other'.split(
        '|',
      ),
    ).toContain(properties['category'])
    expect(new URL(properties['url']!).protocol).toBe('https:')
    expect(properties['architectures']).toMatch(/^[\w-]+(,[\w-]+)*$/)
    expect(properties['license']).toBe('Apache-2.0')
    for (const header of properties['includes']!.split(',')) expect(paths).toContain(`src/${header}`)
  })

  it('names an architecture for each board file, so that no core is promised that cannot be compiled', () => {
    const boards = paths.flatMap((file) => /^src\/portwire\/board_(\w+)\.cpp$/.exec(file)?.[1] ?? [])
    // The core for Teensy calls its architecture avr; native is no core.
    const architectures = boards.filter((board) => !['native', 'teensy'].includes(board))
    expect(
      properties['architectures']!.split(',')
        .filter((name) => name !== 'mbed_rp2040')
        .sort(),
    ).toEqual(architectures.sort())
  })
})

describe('the folder of the library', () => {
  it('has the layout of the specification: src, examples, one header of its own name, a license', () => {
    expect(paths).toContain('src/portwire.h')
    expect(readdirSync(path.join(LIBRARY, 'src')).sort()).toEqual(['portwire', 'portwire.h'])
    expect(read('LICENSE')).toBe(readFileSync(path.join(root, 'LICENSE'), 'utf8'))
    expect(read('README.md')).toMatch(/^# portwire/)
  })

  it('has nothing that the library manager refuses: links, programs, hidden files, submodules, a mark of development', () => {
    expect(files.filter((file) => file.isSymbolicLink())).toEqual([])
    expect(paths.filter((file) => /(^|\/)\.|\.(exe|pde|o|a|hex)$/.test(file))).toEqual([])
    expect(
      files.filter((file) => file.isFile() && statSync(path.join(file.parentPath, file.name)).mode & 0o111),
    ).toEqual([])
  })

  it('has each sketch in a folder of its own name', () => {
    const sketches = paths.filter((file) => file.endsWith('.ino'))
    expect(sketches.length).toBeGreaterThanOrEqual(5)
    for (const sketch of sketches) expect(sketch).toMatch(/^examples\/([A-Za-z]\w*)\/\1\.ino$/)
  })
})

describe('keywords.txt', () => {
  const rows = read('keywords.txt').trimEnd().split('\n')

  it('has every public name of the headers, and no other', () => {
    const headers = paths.filter((file) => file.endsWith('.h') && file.startsWith('src/'))
    expect(read('keywords.txt'), 'npm run generate').toBe(keywordsOf(headers.map(read)))
  })

  it('is in the form that the editor reads: a name, one tab, a kind', () => {
    for (const row of rows) expect(row).toMatch(/^[A-Za-z_]\w*\t(KEYWORD1|KEYWORD2|LITERAL1)$/)
    expect(new Set(rows.map((row) => row.split('\t')[0])).size).toBe(rows.length)
  })

  it.each([
    ['Device', 'KEYWORD1'],
    ['ArduinoLine', 'KEYWORD1'],
    ['JobOf', 'KEYWORD1'],
    ['Severity', 'KEYWORD1'],
    ['deadMan', 'KEYWORD2'],
    ['cancelled', 'KEYWORD2'],
    ['emit', 'KEYWORD2'],
    ['kCancelled', 'LITERAL1'],
    ['PORTWIRE_FLASH_TEXT', 'LITERAL1'],
  ])('knows %s as %s', (name, kind) => {
    expect(rows).toContain(`${name}\t${kind}`)
  })

  it.each(['onHello', 'startJob', 'JobPlace', 'setHandler', 'Layer', 'features', 'silenceMs_'])(
    'does not show %s, which is not for users',
    (name) => {
      expect(rows.filter((row) => row.startsWith(`${name}\t`))).toEqual([])
    },
  )

  it('reads declarations as they stand: what is private, nested in detail or inside a body is no keyword', () => {
    const header = `
namespace portwire {
namespace detail { struct Hidden { void inner(); }; }
enum class Colour : uint8_t { kRed = 0, kBlue };  // kGreen
template <class T = int> class Box final : public detail::Hidden {
  void secret();
 public:
  Box() : size_(count()) {}
  static constexpr size_t kSides = 6;
  template <size_t N> bool fits(const char (&text)[N]) const { return measure(text) < N; }
 private:
  int size_ = 0;
};
constexpr uint8_t nextOf(uint8_t n) { return uint8_t(n + 1); }
}
#define PORTWIRE_BOX(x) (x)
#define PORTWIRE_BOX_H
`
    const words = keywordsOf([header]).trimEnd().split('\n')
    expect(words.map((row) => row.split('\t')[0])).toEqual([
      ...['portwire', 'Box', 'Colour', 'fits', 'nextOf', 'PORTWIRE_BOX', 'kBlue', 'kRed', 'kSides'],
    ])
  })
})
