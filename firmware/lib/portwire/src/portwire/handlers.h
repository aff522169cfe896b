// How a device is told its handlers: one on() for each shape that a handler may have, checked when it is compiled.
#ifndef PORTWIRE_HANDLERS_H
#define PORTWIRE_HANDLERS_H

#include "contract.h"
#include "handler.h"

namespace portwire {
namespace detail {

/// `Owner` has the table, and inherits this, which has no byte of its own.
template <class Owner> class Handlers {
 public:
  /// Runs `handler` for each call and cast of an action of the contract. The arguments have been checked before it runs.
  template <uint8_t kIndex, class R, class... Args, class Item, class Together>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<R (*)(typename Parameter<Args>::Type...)>::type handler) {
    owner().template setHandler<kIndex>(invoke<R, Args...>, reinterpret_cast<AnyFunction>(handler), nullptr);
  }
  /// The same for a handler that may fail.
  template <uint8_t kIndex, class R, class... Args, class Item, class Together>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<Result<R> (*)(typename Parameter<Args>::Type...)>::type handler) {
    owner().template setHandler<kIndex>(invoke<Result<R>, Args...>, reinterpret_cast<AnyFunction>(handler), nullptr);
  }
  /// The same with an object of yours as the handler's first argument; it must outlive the device.
  template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<R (*)(Context&, typename Parameter<Args>::Type...)>::type handler,
          Context& context) {
    owner().template setHandler<kIndex>(invokeWith<Context, R, Args...>, reinterpret_cast<AnyFunction>(handler), &context);
  }
  template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<Result<R> (*)(Context&, typename Parameter<Args>::Type...)>::type handler,
          Context& context) {
    owner().template setHandler<kIndex>(invokeWith<Context, Result<R>, Args...>, reinterpret_cast<AnyFunction>(handler), &context);
  }
  /// The same four for a handler that takes all arguments in one struct of the contract's: `const MoveToArguments&`.
  template <uint8_t kIndex, class R, class... Args, class Item, class Together>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<R (*)(const Together&)>::type handler) {
    on(Action<kIndex, R(InOne<Together, Args...>), Item>(), handler);
  }
  template <uint8_t kIndex, class R, class... Args, class Item, class Together>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<Result<R> (*)(const Together&)>::type handler) {
    on(Action<kIndex, R(InOne<Together, Args...>), Item>(), handler);
  }
  template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<R (*)(Context&, const Together&)>::type handler,
          Context& context) {
    on(Action<kIndex, R(InOne<Together, Args...>), Item>(), handler, context);
  }
  template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
  void on(Action<kIndex, R(Args...), Item, Together>, typename Identity<Result<R> (*)(Context&, const Together&)>::type handler,
          Context& context) {
    on(Action<kIndex, R(InOne<Together, Args...>), Item>(), handler, context);
  }

 private:
  Owner& owner() { return static_cast<Owner&>(*this); }
};

}  // namespace detail
}  // namespace portwire

#endif
