// Feature: DESCRIBE, the contract as text, for a host that does not have it.
#ifndef PORTWIRE_DESCRIBE_H
#define PORTWIRE_DESCRIBE_H

#include "session.h"

namespace portwire {

/// RAM: none. The contract has to bring its descriptor; a generated one does.
struct Describe {
  template <class Below, class Contract> class Layer : public Below {
   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kDescribe; }

    uint8_t onProtocolCall(uint8_t action, Reader& value, Writer& reply) {
      if (action != action::kDescribe) return Below::onProtocolCall(action, value, reply);
      static_assert(Contract::kDescriptorBytes != 0, "Describe needs a contract that has a descriptor");
      uint32_t offset = 0;
      if (value.readUnsigned(&offset, 0xFFFFFFFF) != Status::kOk || !value.atEnd())
        return detail::codeOf(ErrorCode::kBadArguments);
      const uint16_t from = offset < Contract::kDescriptorBytes ? static_cast<uint16_t>(offset) : Contract::kDescriptorBytes;
      uint16_t bytes = static_cast<uint16_t>(Contract::kDescriptorBytes - from);
      if (bytes > kPieceBytes) bytes = kPieceBytes;
      reply.writeArray(2);
      reply.writeUnsigned(Contract::kDescriptorBytes);
      reply.writeFlashBytes(Contract::descriptor() + from, bytes);
      return 0;
    }

   private:
    /// What an answer has room for beside its array, the total and the longest head of a bin.
    static constexpr size_t kRoom = Below::kReplyBytes - kMessageBytes - 1 - 3 - 3;
    static constexpr uint16_t kPieceBytes = kRoom < 0xFFFF ? static_cast<uint16_t>(kRoom) : uint16_t(0xFFFF);
  };
};

}  // namespace portwire

#endif
