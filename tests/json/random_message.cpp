#include "tests/json/random_message.h"

#include <limits>

#include "domain/schema/common.capnp.h"

namespace rapport::test {
namespace {

using capnp::DynamicStruct;
using capnp::DynamicValue;
using capnp::StructSchema;
using Which = capnp::schema::Type;

constexpr std::uint64_t kMark =
    0xb1f0c0de0000a000;  // common.capnp numbers its annotations from here

bool marked(StructSchema::Field field, std::uint64_t annotation) {
  for (auto a : field.getProto().getAnnotations())
    if (a.getId() == kMark + annotation) return true;
  return false;
}
std::uint32_t max_length(StructSchema::Field field) {
  for (auto a : field.getProto().getAnnotations())
    if (a.getId() == kMark + 4) return a.getValue().getUint32();
  return 500;
}

}  // namespace

const std::vector<std::string>& edge_texts() {
  static const std::vector<std::string> texts = {
      "",
      "plain",
      "𠮷野家",  // beyond the basic plane
      "李䶮 张𤧛",
      "阿卜杜拉·买买提•・",  // three middle dots
      "張偉 张伟",
      "ＡＢＣ１２３",
      " 两端空格 ",
      "王　芳",            // ideographic space
      "王\xE2\x80\x8B芳",  // zero-width space
      "\xEF\xBB\xBF王芳",  // a byte order mark inside
      "李雷😀👩‍👩‍👧",
      "葛\xF3\xA0\x84\x80城",      // variation selector
      "\xEF\xA4\x80\xEF\xA4\x81",  // compatibility ideographs: NFC would change them
      "Rene\xCC\x81"
      "e Ren\xC3\xA9"
      "e",                     // decomposed and composed
      "测试\xE2\x80\xAE客户",  // right-to-left override
      "北京\"天,地\"公司\r\n分部\t\\",
      "=HYPERLINK(\"http://example.com\")",
      "张三'; DROP TABLE 客户;--",
      "<b>李四</b> & </script>",
      "\xE2\x80\xA8\xE2\x80\xA9",                  // line and paragraph separators
      "\xEF\xBF\xBF\xEF\xB7\x90\xF4\x8F\xBF\xBF",  // noncharacters
      std::string("\x01\x1f\x7f\0z", 5),
      "\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80",  // the edges of each length
  };
  return texts;
}

std::string RandomMessage::text(std::size_t bytes_max, bool identifier) {
  std::string all;
  auto wanted = below(8) == 0 ? bytes_max : below(60);
  while (all.size() < wanted) {
    auto& piece = edge_texts()[below(edge_texts().size())];
    if (all.size() + piece.size() <= bytes_max)
      all += piece;
    else
      all += 'x';
    if (all.size() >= bytes_max) break;
  }
  if (!identifier) return all;
  for (auto& c : all)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '_';
  return all;
}

DynamicValue::Reader RandomMessage::number(StructSchema::Field field) {
  auto of = [&]<class Int>(Int) -> DynamicValue::Reader {
    using Limits = std::numeric_limits<Int>;
    switch (below(4)) {
      case 0:
        return Limits::min();
      case 1:
        return Limits::max();
      case 2:
        return static_cast<Int>(below(100));
      default:
        return static_cast<Int>(random_());
    }
  };
  switch (field.getType().which()) {
    case Which::INT8:
      return of(std::int8_t{});
    case Which::INT16:
      return of(std::int16_t{});
    case Which::INT32:
      if (marked(field, 3))
        return static_cast<std::int32_t>(below(3'652'059)) - 719'162;  // years 1 to 9999
      return of(std::int32_t{});
    case Which::INT64:
      if (marked(field, 2))
        return static_cast<std::int64_t>(below(8'000'000'000'000'000)) - 4'000'000'000'000'000;
      return of(std::int64_t{});
    case Which::UINT8:
      return of(std::uint8_t{});
    case Which::UINT16:
      return of(std::uint16_t{});
    case Which::UINT32:
      if (marked(field, 7)) return std::uint32_t{'E' | 'U' << 8 | 'R' << 16};
      return of(std::uint32_t{});
    default:
      return of(std::uint64_t{});
  }
}

void RandomMessage::set(DynamicStruct::Builder to, StructSchema::Field field,
                        std::string_view name) {
  auto type = field.getType();
  switch (type.which()) {
    case Which::VOID:
      return to.set(field, capnp::VOID);
    case Which::BOOL:
      return to.set(field, below(2) == 1);
    case Which::TEXT: {
      auto value = text(max_length(field), name.ends_with("d") || name.ends_with("Code") ||
                                               name.ends_with("Ref") || name.ends_with("Stage"));
      return to.set(field, capnp::Text::Reader(value.c_str(), value.size()));
    }
    case Which::DATA: {
      auto value = text(40, false);
      return to.set(field, capnp::Data::Reader(reinterpret_cast<const kj::byte*>(value.data()),
                                               value.size()));
    }
    case Which::ENUM: {
      auto names = type.asEnum().getEnumerants();
      return to.set(field,
                    capnp::DynamicEnum(names[static_cast<unsigned>(1 + below(names.size() - 1))]));
    }
    case Which::STRUCT:
      return fill(to.init(field).as<DynamicStruct>());
    case Which::LIST: {
      auto list = to.init(field, static_cast<unsigned>(below(4))).as<capnp::DynamicList>();
      for (unsigned i = 0; i < list.size(); ++i) {
        if (type.asList().whichElementType() == Which::STRUCT)
          fill(list[i].as<DynamicStruct>());
        else
          list.set(i, capnp::Text::Reader("元素"));
      }
      return;
    }
    default:
      return to.set(field, number(field));
  }
}

void RandomMessage::fill(DynamicStruct::Builder to) {
  for (auto field : to.getSchema().getFields()) {
    std::string name = field.getProto().getName().cStr();
    if (field.getProto().isGroup()) {
      auto group = to.init(field).as<DynamicStruct>();
      if (!absent()) set(group, group.getSchema().getFieldByName("value"), name);
    } else if (!marked(field, 5) || !absent()) {
      set(to, field, name);
    }
  }
}

DynamicStruct::Reader random_member(capnp::MallocMessageBuilder& message, StructSchema union_schema,
                                    StructSchema::Field member, std::uint64_t seed) {
  auto root = message.initRoot<DynamicStruct>(union_schema);
  RandomMessage(seed).fill(root.init(member).as<DynamicStruct>());
  return root.asReader();
}

}  // namespace rapport::test
