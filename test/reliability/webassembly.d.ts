/** The part of WebAssembly that the chip on the C++ library needs; TypeScript has it only among the types of the DOM. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, (...args: number[]) => unknown>>)
    readonly exports: Record<string, unknown>
  }
}
