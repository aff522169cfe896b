// A button that tells when it is pressed and for how long; the host program is docs/examples/button.ts.
//
// Plain events: sent while somebody listens. A button that must never be missed emits acknowledged ones, as SensorNode does.
#include <portwire.h>

#include "button_contract.h"

static portwire::Device<portwire::ArduinoLine<decltype(Serial)>, button::Contract, portwire::PlainEvents> port;

constexpr uint8_t kButtonPin = 2;  // to ground; the pull-up makes it high when nobody presses
constexpr uint32_t kDebounceMs = 20;

static bool pressed = false;    // what counts, after the debounce time
static bool level = false;      // as it was read last
static uint32_t changedMs = 0;  // when it was read differently
static uint32_t pressedMs = 0;

static bool isPressed() { return pressed; }

/// A contact bounces for some milliseconds: a level counts once it has stayed.
static void readButton(uint32_t nowMs) {
  const bool now = digitalRead(kButtonPin) == LOW;
  if (now != level) {
    level = now;
    changedMs = nowMs;
  }
  if (level == pressed || nowMs - changedMs < kDebounceMs) return;
  pressed = level;
  if (pressed) {
    pressedMs = changedMs;
    port.emit(button::kPressed);
  } else {
    port.emit(button::kReleased, changedMs - pressedMs);
  }
}

void setup() {
  pinMode(kButtonPin, INPUT_PULLUP);
  Serial.begin(115200);
  port.on(button::kIsPressed, isPressed);
  port.begin(Serial);
}

void loop() {
  readButton(millis());
  port.poll();
}
