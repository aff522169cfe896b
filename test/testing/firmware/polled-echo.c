/* Sends back each byte, without interrupts. */
#include "uart.h"

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  for (;;) uartPut(uartGet());
}
