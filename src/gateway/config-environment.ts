/** Keys of `mqtt` from the environment, so that a password need not stand in a file: PORTWIRE_CONFIG_MQTT_PASSWORD. */

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'PORTWIRE_CONFIG_MQTT_'

/** The file's content with the environment's values in place of its own. A variable that names no key is left for the schema to
 * refuse, with the nearest spelling. */
export function withEnvironment(written: unknown, env: Environment): unknown {
  const given = Object.entries(env).filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined)
  if (given.length === 0 || typeof written !== 'object' || written === null) return written
  const mqtt: Record<string, unknown> = { ...(written as { mqtt?: object | null }).mqtt }
  for (const [name, value] of given) {
    const key = name.slice(PREFIX.length).toLowerCase()
    // The only key that is no text.
    mqtt[key] = key === 'version' && /^\d$/.test(value!) ? Number(value) : value
  }
  return { ...written, mqtt }
}

/** The variable that stands for a path of the config, when it is set: what is wrong there is wrong in the variable. */
export function variableOf(path: readonly (string | number)[], env: Environment): string | undefined {
  const [table, key] = path
  if (table !== 'mqtt' || key === undefined) return undefined
  const name = `${PREFIX}${String(key).toUpperCase()}`
  return env[name] === undefined ? undefined : name
}

/** User and password for a client that has no config file, from the same variables. */
export function brokerCredentials(env: Environment): { readonly user?: string; readonly password?: string } {
  const user = env[`${PREFIX}USER`]
  const password = env[`${PREFIX}PASSWORD`]
  return { ...(user !== undefined && { user }), ...(password !== undefined && { password }) }
}
