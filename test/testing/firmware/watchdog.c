/* Says the reset flags, echoes, and on 'H' hangs under a watchdog of 60 ms. 'R' answers the flags again. */
#include "uart.h"

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  uartPut(resetFlags);
  for (;;) {
    uint8_t byte = uartGet();
    if (byte == 'H') {
      wdt_enable(WDTO_60MS);
      for (;;) {
      }
    }
    uartPut(byte == 'R' ? resetFlags : byte);
  }
}
