// The line of an Arduino board: Serial, whatever class it has there.
#ifndef GREENHOUSE_BOARD_ARDUINO_H
#define GREENHOUSE_BOARD_ARDUINO_H

#include <Arduino.h>
#include <portwire.h>

namespace board {

typedef portwire::ArduinoLine<decltype(Serial)> Line;
constexpr uint32_t kBaudRate = 115200;

template <class Port> void start(Port& port) {
  Serial.begin(kBaudRate);
  port.begin(Serial);
}

template <class Port> void idle(const Port&) {}

}  // namespace board

#endif
