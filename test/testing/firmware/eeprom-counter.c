/* Counts its boots in EEPROM and says the count and the reset flags; 'S' answers a byte of SRAM that no boot writes. */
#include <avr/eeprom.h>
#include "uart.h"

static volatile uint8_t kept __attribute__((section(".noinit")));

int main(void) {
  uint8_t boots = eeprom_read_byte((uint8_t *)3) + 1;
  eeprom_update_byte((uint8_t *)3, boots);
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  uartPut(boots);
  uartPut(resetFlags);
  for (;;) {
    uint8_t byte = uartGet();
    if (byte == 'S') uartPut(kept);
    else kept = byte;
  }
}
