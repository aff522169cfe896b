// `npm run docs:firmware`: writes docs/firmware-api.md from the headers of the device library. Ends with status 1, and a line for
// each, when a public name has no docstring.

import { writeFileSync } from 'node:fs'
import { API_PAGE, apiPage } from './firmware/api-page.mjs'
import { fail, root } from './setup.mjs'

try {
  writeFileSync(`${root}/${API_PAGE}`, apiPage(`${root}/firmware/lib/portwire/src/portwire`))
  console.log(API_PAGE)
} catch (error) {
  fail(error.message)
}
