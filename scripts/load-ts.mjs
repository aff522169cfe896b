// Loads TypeScript modules of this repository into Node, through Vite as the tests do. `change` may rewrite a module as it is
// loaded: how a test shows that it would see a rule that is missing.

import { createViteServer } from 'vitest/node'
import { root } from './setup.mjs'

/** @param change  (code, path from the root) => the code to run
 *  @returns load(path) and close() */
export async function createLoader(change = (code) => code) {
  const server = await createViteServer({
    configFile: false,
    root,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
    plugins: [
      {
        name: 'change',
        enforce: 'pre',
        transform: (code, id) => change(code, id.startsWith(`${root}/`) ? id.slice(root.length + 1) : id),
      },
    ],
  })
  return {
    load: (path) => server.ssrLoadModule(`/${path}`),
    close: () => server.close(),
  }
}
