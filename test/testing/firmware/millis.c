/* A ticking timer 0 as in the Arduino core, whose loop polls the time and the UART: 't' answers the milliseconds. */
#include <util/atomic.h>
#include "uart.h"

static volatile uint32_t overflows;

ISR(TIMER0_OVF_vect) { overflows++; }

static uint32_t now(void) {
  uint32_t value;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { value = overflows; }
  return value;
}

int main(void) {
  uint32_t next = 100;
  TCCR0A = _BV(WGM01) | _BV(WGM00);
  TCCR0B = _BV(CS01) | _BV(CS00);
  TIMSK0 = _BV(TOIE0);
  TCCR1A = _BV(COM1A1) | _BV(WGM10);
  TCCR1B = _BV(CS11) | _BV(CS10);
  OCR1A = 77;
  DDRB = _BV(PB1);
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  wdt_enable(WDTO_250MS);
  sei();
  for (;;) {
    wdt_reset();
    if ((int32_t)(now() - next) >= 0) {
      next += 100;
      uartPut('.');
    }
    if (UCSR0A & _BV(RXC0)) {
      uint8_t byte = UDR0;
      if (byte == 't') {
        uint32_t value = now();
        for (uint8_t i = 0; i < 4; i++) uartPut(value >> (8 * i));
      } else uartPut(byte);
    }
  }
}
