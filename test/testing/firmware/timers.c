/*
 * Lets the host set up the timers: 's', register address (low byte), value. Every timer interrupt is counted; 'q'
 * answers the counts and TIFR0 to TIFR2, 'c' reads TCNT1, 'i' idles in a loop that calls a function.
 */
#include "uart.h"

static volatile uint16_t counts[8];

ISR(TIMER0_OVF_vect) { counts[0]++; }
ISR(TIMER0_COMPA_vect) { counts[1]++; }
ISR(TIMER0_COMPB_vect) { counts[2]++; }
ISR(TIMER1_OVF_vect) { counts[3]++; }
ISR(TIMER1_COMPA_vect) { counts[4]++; }
ISR(TIMER1_COMPB_vect) { counts[5]++; }
ISR(TIMER2_OVF_vect) { counts[6]++; }
ISR(TIMER2_COMPA_vect) { counts[7]++; }

static uint8_t __attribute__((noinline)) available(void) {
  wdt_reset();
  return UCSR0A & _BV(RXC0);
}

static uint8_t next(void) {
  while (!available()) {
  }
  return UDR0;
}

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  wdt_enable(WDTO_1S);
  sei();
  for (;;) {
    switch (next()) {
      case 's': {
        uint8_t address = next();
        *(volatile uint8_t *)(uint16_t)address = next();
        break;
      }
      case 'q':
        for (uint8_t i = 0; i < 8; i++) {
          cli();
          uint16_t count = counts[i];
          sei();
          uartPut(count);
          uartPut(count >> 8);
        }
        uartPut(TIFR0);
        uartPut(TIFR1);
        uartPut(TIFR2);
        break;
      case 'c': {
        uint16_t value = TCNT1;
        uartPut(value);
        uartPut(value >> 8);
        break;
      }
    }
  }
}
