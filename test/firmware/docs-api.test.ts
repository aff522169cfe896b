/** docs/firmware-api.md is what the headers say, and the headers say something of everything. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readApi, undocumented } from '../../scripts/firmware/api.mjs'
import { API_PAGE, apiPage } from '../../scripts/firmware/api-page.mjs'
import { readBuilt, root } from './build.js'

const HEADERS = path.join(root, 'firmware/lib/portwire/src/portwire')

describe('docs/firmware-api.md', () => {
  it('is what the headers say', () => {
    expect(readBuilt(API_PAGE), 'npm run docs:firmware').toBe(apiPage(HEADERS))
  })

  it("has every name of the library's keywords.txt", () => {
    const names = readBuilt('firmware/lib/portwire/keywords.txt')
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t')[0]!)
    expect(names.length).toBeGreaterThan(200)
    const words = new Set(readBuilt(API_PAGE).match(/\w+/g))
    expect(names.filter((name) => !words.has(name))).toEqual([])
  })

  it.each([
    [
      'a function',
      'session.h',
      /^.*\/\/\/ Reads what has come[\s\S]*?handler it does nothing.*\n/m,
      'function Device::poll has no docstring',
    ],
    ['a class', 'dead_man.h', /^\/\/\/ RAM: 11 bytes\.\n/m, 'class DeadMan has no docstring'],
    ['a constant', 'protocol.h', / {2}\/\/\/< What HELLO tells\./, 'constant kProtocolVersion has no docstring'],
    ['an enumerator', 'status.h', / {2}\/\/\/< It was read\./, 'enumerator Status::kOk has no docstring'],
    ['a field', 'requests.h', / {2}\/\/\/< How it ended\./, 'field Answer::outcome has no docstring'],
    ['a macro', 'polyfills.h', /^\/\/\/ One copy in flash.*\n/m, 'macro PORTWIRE_NOINLINE has no docstring'],
    ["a template's parameter", 'log.h', /`kMaxTextBytes` bytes; what/, 'class Log does not say what kMaxTextBytes is'],
  ])('cannot be written while %s says nothing', (_, file, docstring, problem) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'portwire-headers-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    cpSync(HEADERS, folder, { recursive: true })
    expect(() => apiPage(folder)).not.toThrow()
    const header = readFileSync(path.join(folder, file), 'utf8')
    expect(header).toMatch(docstring)
    writeFileSync(path.join(folder, file), header.replace(docstring, ''))
    expect(() => apiPage(folder)).toThrow(`${file}: ${problem}`)
  })

  it('cannot be written while a header has no place on it', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'portwire-headers-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    cpSync(HEADERS, folder, { recursive: true })
    writeFileSync(path.join(folder, 'new_feature.h'), '// New.\n')
    expect(() => apiPage(folder)).toThrow('new_feature.h has no place in PARTS')
  })
})

describe('the reader of headers', () => {
  const names = (header: string) => readApi(header).map(({ owner, name }) => (owner ? `${owner}::${name}` : name))

  it('shows what is public, and of a feature what it adds to a Device', () => {
    const header = `
namespace portwire {
namespace detail { struct Hidden { void inner(); }; template <class T> class Session { public: void poll() {} private: int n_; }; }
enum class Colour : uint8_t { kRed = 0, kBlue };
struct Lamp {
  template <class Below, class Contract> class Layer : public Below {
   public:
    using Below::emit;
    void shine(uint8_t level) { level_ = level; }
   protected:
    void onHello(uint32_t) {}
   private:
    uint8_t level_ = 0;
  };
};
template <class T> struct Forward;
template <class T> uint32_t Lamp2<T>::epoch = 0;
constexpr uint8_t nextOf(uint8_t n) { return uint8_t(n + 1); }
}
#define PORTWIRE_LAMP(x) (x)
#define PORTWIRE_LAMP_H
`
    expect(names(header).sort()).toEqual(
      [
        'Colour',
        'Colour::kBlue',
        'Colour::kRed',
        'Device::poll',
        'Lamp',
        'Lamp::shine',
        'PORTWIRE_LAMP',
        'nextOf',
      ].sort(),
    )
  })

  it('takes the comment above a declaration, or the one behind it, and an overload shares that of the one before', () => {
    const header = `
namespace portwire {
/// Above,
/// in two lines. // and a rest
void one(int a);
// No docstring.
void two();
int three = 3;  ///< Behind.
void one(float a);
}
`
    const entries = readApi(header)
    expect(entries.map(({ name, doc }) => [name, doc])).toEqual([
      ['one', 'Above,\nin two lines. // and a rest'],
      ['two', ''],
      ['three', 'Behind.'],
      ['one', ''],
    ])
    expect(undocumented(entries)).toEqual(['function two has no docstring'])
  })

  it('asks for a word on each parameter of a template that a user writes', () => {
    const header = `
namespace portwire {
/// Keeps \`kPlaces\` of them.
template <uint8_t kPlaces, size_t kBytes = (kPlaces < 2 ? 4 : 8), class... Rest> struct Keep {};
}
`
    expect(undocumented(readApi(header))).toEqual([
      'class Keep does not say what kBytes is',
      'class Keep does not say what Rest is',
    ])
  })
})
