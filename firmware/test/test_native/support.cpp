#include "support.h"

uint32_t FakeBoard::now = 0;
uint32_t FakeBoard::epoch = 0;
int FakeBoard::restarts = 0;
