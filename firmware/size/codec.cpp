// The codec without floats.
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
