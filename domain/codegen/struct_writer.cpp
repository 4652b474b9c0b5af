#include "domain/codegen/struct_writer.h"

#include <sstream>

namespace rapport::codegen {
namespace {

// How a type looks in C++; $ stands for the wire value in `read` and for the plain value in `write`.
struct Shape {
  std::string type, read, write;
};

std::string put(std::string pattern, const std::string& value) {
  for (std::size_t at; (at = pattern.find('$')) != std::string::npos;) pattern.replace(at, 1, value);
  return pattern;
}

Shape shape_of(const Schemas& schemas, Type::Reader type) {
  switch (type.which()) {
    case Type::BOOL: return {"bool", "$", "$"};
    case Type::INT8: return {"std::int8_t", "$", "$"};
    case Type::INT16: return {"std::int16_t", "$", "$"};
    case Type::INT32: return {"std::int32_t", "$", "$"};
    case Type::INT64: return {"std::int64_t", "$", "$"};
    case Type::UINT8: return {"std::uint8_t", "$", "$"};
    case Type::UINT16: return {"std::uint16_t", "$", "$"};
    case Type::UINT32: return {"std::uint32_t", "$", "$"};
    case Type::UINT64: return {"std::uint64_t", "$", "$"};
    case Type::TEXT: return {"::rapport::Text", "::rapport::read_text($)", ""};
    case Type::ENUM: return {schemas.plain_type(type.getEnum().getTypeId()), "$", "$"};
    case Type::STRUCT: {
      auto plain = schemas.plain_type(type.getStruct().getTypeId());
      return {plain, plain + "::read($)", ""};
    }
    case Type::LIST: {
      auto element = shape_of(schemas, type.getList().getElementType());
      return {"std::vector<" + element.type + ">", "::rapport::read_list<" + element.type + ">($)", ""};
    }
    default: refuse("a type that the domain does not use");
  }
}

Shape shape_of(const Schemas& schemas, Field::Reader field) {
  if (has(field, kDate)) return {"::rapport::Date", "::rapport::Date{$}", "$.days"};
  if (has(field, kTimestamp)) return {"::rapport::Timestamp", "::rapport::Timestamp{$}", "$.micros"};
  if (has(field, kCurrency)) return {"::rapport::Currency", "::rapport::Currency($)", "$.packed()"};
  if (has(field, kPersonal)) return {"::rapport::Personal", "::rapport::Personal(::rapport::read_text($))", ""};
  return shape_of(schemas, field.getSlot().getType());
}

// The parts of one struct, collected field by field.
class StructWriter {
 public:
  explicit StructWriter(const Schemas& schemas) : schemas_(schemas) {}

  void add(Field::Reader field) {
    if (field.isGroup()) add_optional_scalar(field);
    else add_slot(field);
  }

  std::ostringstream fields, read, write, fault;

 private:
  // :union { unknown @n :Void; value @m :T; }
  void add_optional_scalar(Field::Reader group) {
    std::string name = group.getName().cStr(), plain = snake(name), get = "r.get" + title(name) + "()";
    for (auto field : schemas_.node(group.getGroup().getTypeId()).getStruct().getFields()) {
      if (std::string_view(field.getName().cStr()) != "value") continue;
      auto shape = shape_of(schemas_, field);
      auto optional = "std::optional<" + shape.type + ">";
      fields << "  " << optional << " " << plain << " = {};\n";
      read << "      " << get << ".isValue() ? " << optional << "(" << put(shape.read, get + ".getValue()") << ") : std::nullopt,\n";
      write << "    if (" << plain << ") b.get" << title(name) << "().setValue(" << put(shape.write, "(*" + plain + ")") << ");\n";
      if (field.getSlot().getType().isEnum())
        fault << "    if (" << plain << " && *" << plain << " == " << shape.type << "::UNSPECIFIED) return \"" << name << "\";\n";
    }
  }

  void add_slot(Field::Reader field) {
    std::string name = field.getName().cStr(), plain = snake(name);
    auto type = field.getSlot().getType();
    bool optional = has(field, kOptional);
    auto shape = shape_of(schemas_, field);
    auto declared = optional ? "std::optional<" + shape.type + ">" : shape.type;
    auto value = optional ? "(*" + plain + ")" : plain;
    auto get = "r.get" + title(name) + "()";
    fields << "  " << declared << " " << plain << (optional || type.isList() ? " = {}" : "") << ";\n";
    if (optional) read << "      r.has" << title(name) << "() ? " << declared << "(" << put(shape.read, get) << ") : std::nullopt,\n";
    else read << "      " << put(shape.read, get) << ",\n";
    add_write(field, type, shape, optional, name, plain, value);
    add_fault(field, type, shape, optional ? plain + " && " : "", name, value);
  }

  void add_write(Field::Reader, Type::Reader type, const Shape& shape, bool optional, const std::string& name,
                 const std::string& plain, const std::string& value) {
    write << "    " << (optional ? "if (" + plain + ") " : type.isList() ? "if (!" + plain + ".empty()) " : "");
    auto init = "b.init" + title(name) + "(static_cast<unsigned>(" + value + ".size()))";
    if (type.isText()) write << "::rapport::write_text(" << value << ", " << init << ");\n";
    else if (type.isStruct()) write << value << ".write(b.init" << title(name) << "());\n";
    else if (type.isList()) write << "::rapport::write_list(" << value << ", " << init << ");\n";
    else write << "b.set" << title(name) << "(" << put(shape.write, value) << ");\n";
  }

  void add_fault(Field::Reader field, Type::Reader type, const Shape& shape, const std::string& guard, const std::string& name,
                 const std::string& value) {
    auto fails = [&](const std::string& condition) {
      fault << "    if (" << guard << condition << ") return \"" << name << "\";\n";
    };
    if (type.isEnum()) fails(value + " == " + shape.type + "::UNSPECIFIED");
    if (type.isStruct()) fails(value + ".fault()");
    if (has(field, kCurrency)) fails("!" + value + ".well_formed()");
    if (type.isList() && type.getList().getElementType().isStruct())
      fault << "    for (auto& e : " << value << ") if (e.fault()) return \"" << name << "\";\n";
    for (auto a : field.getAnnotations()) {
      if (a.getId() != kMaxLength) continue;
      auto limit = std::to_string(a.getValue().getUint32());
      fails(value + ".size() > " + limit + (has(field, kPersonal) ? " + ::rapport::Personal::kSealBytes" : ""));
    }
  }

  const Schemas& schemas_;
};

// A struct of which every field is optional gets the generic operations of Patch.
bool is_patch(Node::Reader node) {
  auto fields = node.getStruct().getFields();
  for (auto field : fields)
    if (!field.isGroup() && !has(field, kOptional)) return false;
  return fields.size() > 0;
}

}  // namespace

void write_struct(const Schemas& schemas, Node::Reader node, std::ostream& out) {
  StructWriter writer(schemas);
  auto name = short_name(node);
  for (auto field : node.getStruct().getFields()) writer.add(field);
  out << "struct " << name << " {\n" << writer.fields.str()
      << "  using Wire = wire::" << name << ";\n"
      << "  static " << name << " read([[maybe_unused]] Wire::Reader r) {\n    return {\n" << writer.read.str() << "    };\n  }\n"
      << "  void write([[maybe_unused]] Wire::Builder b) const {\n" << writer.write.str() << "  }\n"
      << "  // The first field that breaks the schema's own rules (an unspecified enum, a text over its limit), or null.\n"
      << "  const char* fault() const {\n" << writer.fault.str() << "    return nullptr;\n  }\n"
      << "  bool operator==(const " << name << "&) const = default;\n";
  if (auto owner = schemas.union_of(node.getId()))
    out << "  using Union = " << schemas.wire_type(owner) << ";\n"
        << "  void write_member(Union::Builder b) const { write(b.init" << schemas.member_name(node.getId()) << "()); }\n";
  if (is_patch(node)) {
    out << "  static constexpr bool kPatch = true;\n  template <class F> static void each_field(F&& f) {\n";
    for (auto field : node.getStruct().getFields()) out << "    f(&" << name << "::" << snake(field.getName().cStr()) << ");\n";
    out << "  }\n";
  }
  out << "};\n\n";
}

}  // namespace rapport::codegen
