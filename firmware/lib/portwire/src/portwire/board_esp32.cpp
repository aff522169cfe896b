// ESP32: the chip's own generator and reset reason.
#if defined(ARDUINO) && defined(ESP32)

#include <esp_system.h>
#if __has_include(<esp_random.h>)  // a header of its own since ESP-IDF 5
#include <esp_random.h>
#endif

#include "board_arduino.h"

namespace portwire {

uint32_t ArduinoBoard::nextEpoch() { return esp_random(); }

ResetCause ArduinoBoard::resetCause() {
  switch (esp_reset_reason()) {
    case ESP_RST_POWERON: return ResetCause::kPowerOn;
    case ESP_RST_EXT: return ResetCause::kExternal;
    case ESP_RST_BROWNOUT: return ResetCause::kBrownOut;
    case ESP_RST_SW: return ResetCause::kSoftware;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return ResetCause::kWatchdog;
    default: return ResetCause::kUnknown;
  }
}

void ArduinoBoard::restart() { esp_restart(); }

}  // namespace portwire

#endif
