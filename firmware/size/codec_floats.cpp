// The codec, with f32 and f64 each way.
#define CODEC_FLOAT_IN
#define CODEC_FLOAT_OUT
#define CODEC_FLOAT64_IN
#define CODEC_FLOAT64_OUT
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
