/** Names and texts of a contract as C++ takes them: what the language or a core has a meaning for gets another spelling, and two
 * members that would be one are refused. */

import { PortwireError } from '../errors.js'
import type { Contract } from './model.js'
import { readableLine } from './readable.js'

/** Keywords and alternative tokens up to C++20, so that a header outlives its compiler. */
const KEYWORDS = `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not
not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return short signed sizeof static
static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename typeof union unsigned
using virtual void volatile wchar_t while xor xor_eq`

/** Names that the header itself uses where a field's name may stand, and macros in lower case of GNU compilers and C libraries. */
const TAKEN_FIELDS = `portwire visit kFields eachField Visitor uint8_t uint16_t uint32_t uint64_t int8_t int16_t
int32_t int64_t ranges linux unix i386 errno stdin stdout stderr complex`

/** What C and POSIX declare outside of any namespace: a namespace cannot have such a name. */
const C_NAMES = `abort abs accept access acct acos alarm alloca asin atan atexit atof atoi atol bcmp bcopy bind brk bsearch bzero cabs
calloc cbrt ceil chdir chmod chown clock close confstr connect cos crypt ctime daemon daylight difftime div drem dup encrypt environ erf
execl execv exit exp fabs fdim feof ferror fflush ffs fgetc fgets fileno floor fma fmax fmin fmod fopen fork fprintf fputc fputs fread
free frexp fscanf fseek fsync ftell ftime fwrite gamma getc getchar getenv getopt getpid gets hypot index ioctl isalnum isalpha isascii
isatty isblank iscntrl isdigit isgraph isinf islower isnan isprint ispunct isspace isupper isxdigit itoa j0 j1 jn kill killpg labs ldexp
ldiv link listen llabs lldiv localtime lockf log lround lseek main malloc mblen memccpy memchr memcmp memcpy memmem memmove memset mktime
modf nan nice open optarg opterr optind optopt pause pclose perror pipe poll popen pow ppoll printf psignal putc putchar putenv puts
putw qsort raise rand rand_r random read readlink realloc realpath recv remove remquo rename rewind rindex rint rmdir round sbrk scalb
scanf select send setenv setjmp setsid setuid shutdown sigaction sigmask signal significand sin sleep snprintf socket sprintf sqrt square
srand srandom sscanf stat stderr stdin stdout stime strcat strchr strcmp strcpy strdup strlen strsep strstr strtod strtok strtol stty swab
symlink sync syscall sysconf system tan tempnam time timer_t times timezone tmpfile tmpnam toascii tolower toupper trunc truncate ttyname
tzname tzset ulimit umask ungetc unlink unsetenv usleep utoa vfork vprintf wait waitid waitpid write y0 y1 yn`

/** The same of the Arduino cores, and the classes and objects of what comes with them. */
const CORE_NAMES = `analogRead analogReference analogWrite attachInterrupt bit bitRead boolean byte delay delayMicroseconds
detachInterrupt digitalRead digitalWrite init initVariant interrupts isAlpha isDigit isSpace loop makeWord map max micros millis min
noInterrupts noTone pinMode pulseIn pulseInLong randomSeed serialEvent serialEventRun setup shiftIn shiftOut sq tone word yield
Client EEPROM Ethernet HardwareSerial IPAddress Keyboard LiquidCrystal Mouse Print Printable Serial Serial1 Serial2 Serial3 Serial4
SerialUSB Server Servo SoftwareSerial Stepper Stream String StringSumHelper TwoWire UDP USBDevice WiFi Wire Wire1`

const OTHER_NAMES = 'portwire std clone mount remainder splice tee'

const KEYWORD_SET = setOf(KEYWORDS)
const FIELD_SET = setOf(TAKEN_FIELDS)
const NAMESPACE_SET = setOf(`${OTHER_NAMES} ${C_NAMES} ${CORE_NAMES}`)

/** Constants that every header has. */
const HEADER_CONSTANTS = setOf('kContractHash kContractName kContractVersion kContractDescriptor')

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/))
}

/** `greenhouse`; `class` is `class_contract`, `9-lives` is `contract_9_lives`. */
export function namespaceOf(contract: Pick<Contract, 'name'>): string {
  // A name with two underscores in a row, or one in front, belongs to the compiler.
  const plain = contract.name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_|_$/g, '')
  if (!/^[A-Za-z]/.test(plain)) return plain === '' ? 'contract' : `contract_${plain}`
  const isTaken = KEYWORD_SET.has(plain) || NAMESPACE_SET.has(plain) || FIELD_SET.has(plain) || isMacroLike(plain)
  return isTaken ? `${plain}_contract` : plain
}

/** The cores' macros (`PI`, `HIGH`, `B1`, `PORTB`) have no lower case. */
function isMacroLike(name: string): boolean {
  return !/[a-z]/.test(name)
}

/** Names of parameters and of the members of a struct, in their order: as they are, with `_` behind them where C++ or a core
 * has that name already, or a name before has become the same. */
export function fieldNames(fields: readonly { readonly name: string }[]): readonly string[] {
  const own = new Set(fields.map((field) => field.name))
  const used = new Set<string>()
  return fields.map(({ name }) => {
    let spelt = name
    const isTaken = () => used.has(spelt) || (spelt !== name && own.has(spelt))
    if (KEYWORD_SET.has(name) || FIELD_SET.has(name) || isMacroLike(name)) spelt += '_'
    while (isTaken()) spelt += '_'
    used.add(spelt)
    return spelt
  })
}

/** `setVent` is `kSetVent`: clear of the macros of the Arduino cores. */
export function constant(name: string): string {
  return `k${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** @throws CONTRACT_INVALID  two members, or a member and the header itself, would have one name in C++ */
export function checkConstants(contract: Contract): void {
  const taken = new Map<string, string>()
  for (const { kind, name } of contract.byIndex.values()) {
    const spelt = constant(name)
    const path = `${kind}s.${name}`
    const holder = HEADER_CONSTANTS.has(spelt) ? 'the header itself' : taken.get(spelt)
    if (holder !== undefined) {
      throw new PortwireError('CONTRACT_INVALID', `contract: ${path} is ${spelt} in C++, which is also ${holder}`, {
        hint: 'Give one of them another name.',
      })
    }
    taken.set(spelt, path)
  }
}

/** A text between quotes. `?` because of trigraphs, which C++11 has. */
export function literal(text: string): string {
  return `"${text.replace(/[\\"?]/g, (character) => `\\${character}`)}"`
}

/** One line behind `//`: line ends and what a compiler refuses to read become spaces, and a `\` at the end, which would take
 * the next line into the comment, is no longer the last. */
export function commentText(text: string): string {
  const line = readableLine(text)
  return /(\\|\?\?\/)$/.test(line) ? `${line}.` : line
}
