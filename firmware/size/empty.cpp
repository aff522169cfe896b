// The Arduino core alone: what every sketch pays.
#include <Arduino.h>

void setup() {}
void loop() {}
