/** The address of a broker: scheme, host and port, and nothing else. */

/** True for `mqtt://host:port` and `mqtts://host:port`; the port may be left out. */
export function isBrokerUrl(text: string): boolean {
  if (!/^mqtts?:\/\/[^\s/@?#]+\/?$/.test(text)) return false
  // A port that is no number, or is above 65,535, makes it no URL.
  return URL.canParse(text) && new URL(text).port !== '0'
}
