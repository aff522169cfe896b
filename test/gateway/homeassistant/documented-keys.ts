/** Keys that Home Assistant documents for device discovery, those of ours that we may use: a key that is not here has been checked
 * by nobody. Gathered by hand from the pages named; longer or shorter names mean the same there. */

/** https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload : beside `device`, `origin` and `components` only what
 * components share may stand at the root. */
export const ROOT_KEYS = [
  'dev',
  'o',
  'cmps',
  'availability',
  'availability_mode',
  'command_topic',
  'state_topic',
  'qos',
  'encoding',
]

/** https://www.home-assistant.io/integrations/sensor.mqtt/#device and the abbreviations of the MQTT page. */
export const DEVICE_KEYS = ['cu', 'cns', 'ids', 'name', 'mf', 'mdl', 'mdl_id', 'hw', 'sw', 'sa', 'sn', 'via_device']

/** https://www.home-assistant.io/integrations/mqtt/#adding-information-about-the-origin-of-a-discovery-message */
export const ORIGIN_KEYS = ['name', 'sw', 'url']

/** Of one entry of `availability`. */
export const AVAILABILITY_KEYS = ['topic', 'payload_available', 'payload_not_available', 'value_template']

/** What every kind of entity takes. */
const SHARED = [
  'p',
  'name',
  'unique_id',
  'default_entity_id',
  'icon',
  'entity_category',
  'entity_picture',
  'enabled_by_default',
  'json_attributes_topic',
  'json_attributes_template',
  'availability',
  'availability_mode',
  'availability_topic',
  'availability_template',
  'payload_available',
  'payload_not_available',
  'qos',
  'encoding',
]

/** By platform, from https://www.home-assistant.io/integrations/<platform>.mqtt/ */
export const COMPONENT_KEYS: Readonly<Record<string, readonly string[]>> = {
  sensor: [
    ...SHARED,
    'device_class',
    'expire_after',
    'force_update',
    'last_reset_value_template',
    'options',
    'state_class',
    'state_topic',
    'suggested_display_precision',
    'unit_of_measurement',
    'value_template',
  ],
  binary_sensor: [
    ...SHARED,
    'device_class',
    'expire_after',
    'force_update',
    'off_delay',
    'payload_off',
    'payload_on',
    'state_topic',
    'value_template',
  ],
  button: [...SHARED, 'command_template', 'command_topic', 'device_class', 'payload_press', 'retain'],
  switch: [
    ...SHARED,
    'command_template',
    'command_topic',
    'device_class',
    'optimistic',
    'payload_off',
    'payload_on',
    'retain',
    'state_off',
    'state_on',
    'state_topic',
    'value_template',
  ],
  number: [
    ...SHARED,
    'command_template',
    'command_topic',
    'device_class',
    'max',
    'min',
    'mode',
    'optimistic',
    'payload_reset',
    'retain',
    'state_topic',
    'step',
    'unit_of_measurement',
    'value_template',
  ],
  /** That of the schema `template`: https://www.home-assistant.io/integrations/light.mqtt/#template-schema */
  light: [
    ...SHARED,
    'schema',
    'command_off_template',
    'command_on_template',
    'command_topic',
    'brightness_template',
    'optimistic',
    'retain',
    'state_template',
    'state_topic',
  ],
  valve: [
    ...SHARED,
    'command_template',
    'command_topic',
    'device_class',
    'optimistic',
    'payload_close',
    'payload_open',
    'payload_stop',
    'position_closed',
    'position_open',
    'reports_position',
    'retain',
    'state_closed',
    'state_closing',
    'state_open',
    'state_opening',
    'state_topic',
    'value_template',
  ],
}
