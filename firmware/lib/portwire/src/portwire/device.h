// The device end of a port: the session's core with the features that were listed, and no others.
#ifndef PORTWIRE_DEVICE_H
#define PORTWIRE_DEVICE_H

#include "session.h"

namespace portwire {
namespace detail {

template <class Below> class RequestLane;

/// Puts the first feature on top of the others, and the last on the core.
template <class Core, class Contract, class... Features> struct Stack;
template <class Core, class Contract> struct Stack<Core, Contract> { typedef Core Type; };
template <class Core, class Contract, class First, class... Rest> struct Stack<Core, Contract, First, Rest...> {
  typedef typename First::template Layer<typename Stack<Core, Contract, Rest...>::Type, Contract> Type;
};

}  // namespace detail

/// A device that speaks on `Line` and serves `Contract`. Make it static: all its storage is in it, and it starts out as zeros.
///
///     static portwire::Device<portwire::ArduinoLine<HardwareSerial>, blink::Contract, portwire::PlainEvents> port;
///
/// Features: PlainEvents, AcknowledgedEvents, Jobs, Requests, Log, DeadMan, RemoteReset, EndOfInput, Stats, Describe, BaudRates, in
/// any order. What is not listed costs nothing.
template <class Line, class Contract, class... Features>
class Device final
    : public detail::Stack<detail::Session<Device<Line, Contract, Features...>, Line, Contract>, Contract, Features...>::Type {
  friend class detail::Session<Device, Line, Contract>;
  template <class Below> friend class detail::RequestLane;
};

}  // namespace portwire

#endif
