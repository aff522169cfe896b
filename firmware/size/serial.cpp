// An echo over Serial: what the line itself costs.
#include <Arduino.h>

void setup() { Serial.begin(115200); }
void loop() {
  if (Serial.available()) Serial.write(Serial.read());
}
