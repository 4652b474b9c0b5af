#include "domain/reading.h"

#include <capnp/any.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

namespace rapport {
namespace {

// Follows every pointer of a message, and throws kj::Exception where a word is reached again.
class Walk final {
 public:
  explicit Walk(Words message) : begin_(message.asBytes().begin()), reached_(message.size()) {}

  void follow(capnp::AnyPointer::Reader pointer) {
    if (pointer.isStruct()) return follow(pointer.getAs<capnp::AnyStruct>());
    if (pointer.isList()) return follow(pointer.getAs<capnp::AnyList>());
    KJ_REQUIRE(pointer.isNull(), "a pointer out of the message");
  }

 private:
  void follow(capnp::AnyStruct::Reader it) {
    reach(it.getDataSection().begin(), size_of(it));
    follow_pointers(it);
  }

  // A list of pointers is seen as one of structs with a pointer each.
  void follow(capnp::AnyList::Reader list) {
    if (list.size() == 0) return;
    auto elements = list.as<capnp::List<capnp::AnyStruct>>();
    auto has_pointers = elements[0].getPointerSection().size() > 0;
    auto* begin = elements[0].getDataSection().begin();
    reach(begin, has_pointers ? list.size() * size_of(elements[0]) : list.getRawBytes().size());
    if (!has_pointers) return;  // nor has any other
    for (auto element : elements) follow_pointers(element);
  }

  void follow_pointers(capnp::AnyStruct::Reader it) {
    for (auto pointer : it.getPointerSection()) follow(pointer);
  }

  static std::size_t size_of(capnp::AnyStruct::Reader it) {
    return it.getDataSection().size() + it.getPointerSection().size() * sizeof(capnp::word);
  }

  void reach(const kj::byte* from, std::size_t bytes) {
    if (bytes == 0) return;
    auto first = static_cast<std::size_t>(from - begin_) / sizeof(capnp::word);
    auto last = (static_cast<std::size_t>(from - begin_) + bytes - 1) / sizeof(capnp::word);
    for (auto word = first; word <= last; ++word) {
      KJ_REQUIRE(!reached_[word], "a word that two pointers lead to");
      reached_[word] = true;
    }
  }

  const kj::byte* const begin_;
  std::vector<bool> reached_;
};

}  // namespace

bool is_tree(Words message) try {
  // Elements of no size take no word: the limit is used up by what they claim to be.
  capnp::FlatArrayMessageReader reader(message, {.traversalLimitInWords = message.size(), .nestingLimit = 64});
  Walk(message).follow(reader.getRoot<capnp::AnyPointer>());
  return true;
} catch (const kj::Exception&) {
  return false;
}

}  // namespace rapport
