// Every command of an aggregate in every state of it: what a user is answered, and what a fact is.
#pragma once
#include <capnp/schema.h>

#include <set>
#include <source_location>
#include <vector>

#include "tests/domain/spec.h"

namespace rapport {

inline constexpr const char *kAccepted = "accepted", *kUnchanged = "unchanged";

template <Decider D>
class StateTable final {
 public:
  struct Stand {
    const char* name;
    void (*reach)(Spec<D>&);
  };
  using Answers = std::vector<std::string>;  // one a stand

  explicit StateTable(std::vector<Stand> stands) : stands_(std::move(stands)) {}
  // A command without a row is a test that is missing.
  ~StateTable() {
    auto members = capnp::Schema::from<typename D::Command::Wire>().getUnionFields();
    for (auto member : members)
      if (auto ordinal = member.getProto().getDiscriminantValue(); ordinal != 0 && !seen_.contains(ordinal))
        ADD_FAILURE() << "no row for " << member.getProto().getName().cStr();
  }
  template <class C>
  void row(const C& command, const Answers& user, const Answers& fact,
           std::source_location at = std::source_location::current()) {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<typename D::Command::Wire>();
    command.write_member(root);
    seen_.insert(static_cast<std::uint16_t>(root.which()));
    testing::ScopedTrace row(at.file_name(), static_cast<int>(at.line()), "row");
    ASSERT_EQ(user.size(), stands_.size());
    ASSERT_EQ(fact.size(), stands_.size());
    for (std::size_t i = 0; i < stands_.size(); ++i) {
      EXPECT_EQ(answer(command, stands_[i], false), user[i]) << "a user, " << stands_[i].name;
      EXPECT_EQ(answer(command, stands_[i], true), fact[i]) << "a fact, " << stands_[i].name;
    }
  }

  // What only facts may do, in every state but the first, in which there is nothing: for users a refusal.
  template <class C>
  void row_of_facts(const C& command, const char* refusal, std::source_location at = std::source_location::current()) {
    Answers fact(stands_.size(), kAccepted);
    fact.front() = kUnchanged;
    row(command, Answers(stands_.size(), refusal), fact, at);
  }

 private:
  static std::string answer(const auto& command, const Stand& stand, bool fact) {
    Spec<D> spec;
    spec.reason("because");
    if (fact) spec.as_fact();
    stand.reach(spec);
    return spec.when(command).answer();
  }

  std::vector<Stand> stands_;
  std::set<std::uint16_t> seen_;
};

}  // namespace rapport
