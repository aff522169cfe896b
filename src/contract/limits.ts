/** Every limit of contracts, in one place. */

import { DEFAULT_VALUE_LIMITS } from '../wire/index.js'

export const CONTRACT_LIMITS = {
  /** A longer descriptor of a device is refused. That of 240 members with ten long names each is shorter. */
  descriptorBytes: 262_144,
  /** Of a longer one no C++ header is made: the device library counts it in 16 bits. */
  headerDescriptorBytes: 65_535,
  /** A longer contract file is refused. */
  fileBytes: 262_144,
  /** What the value codec takes in one array, and in one `str` or `bytes`. */
  items: DEFAULT_VALUE_LIMITS.maxArrayLength,
  valueBytes: DEFAULT_VALUE_LIMITS.maxStringBytes,
  /** Of the name of a contract, a member or a field. */
  nameChars: 64,
  versionChars: 16,
} as const
