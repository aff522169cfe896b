// The LED of the board, switched from Node.js:
//
//   const port = await open(blink, { serial: { path: '/dev/ttyACM0' }, baudRate: 115200 })
//   await port.call('setLed', { on: true })
#include <portwire.h>

#include "blink_contract.h"

static portwire::Device<portwire::ArduinoLine<decltype(Serial)>, blink::Contract> port;

static bool setLed(bool on) {
  digitalWrite(LED_BUILTIN, on ? HIGH : LOW);
  return on;
}

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  Serial.begin(115200);
  port.on(blink::kSetLed, setLed);
  port.begin(Serial);
}

void loop() { port.poll(); }
