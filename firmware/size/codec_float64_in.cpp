// The codec, and reading f64.
#define CODEC_FLOAT64_IN
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
