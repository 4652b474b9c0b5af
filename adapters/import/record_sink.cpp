#include "adapters/import/record_sink.h"

namespace rapport::import {

namespace {

class GatewaySink final : public RecordSink {
 public:
  explicit GatewaySink(std::unique_ptr<CommandBatch> batch) : batch_(std::move(batch)) {}

  Result<Answer> decide(const Command& command) override {
    auto decided = batch_->decide(command);
    if (!decided) return decided.error();
    switch (decided->became) {
      case CommandBatch::Became::kAccepted:
        return Answer{Became::kAccepted, decided->events};
      case CommandBatch::Became::kUnchanged:
        return Answer{Became::kUnchanged, 0};
      case CommandBatch::Became::kAlready:
        return Answer{Became::kAlready, 0};
    }
    RAPPORT_ASSERT(false);
  }
  std::vector<Words> decided_events() const override { return batch_->decided_events(); }
  void keep() override { batch_->keep(); }
  void drop() override { batch_->drop(); }
  Result<std::size_t> flush() override { return batch_->flush(); }
  std::size_t pending_commands() const override { return batch_->pending_commands(); }
  Result<StreamVersion> version_of(std::string_view aggregate, std::string_view id) override {
    return batch_->version_of(aggregate, id);
  }
  Position position() const override { return batch_->position(); }

 private:
  std::unique_ptr<CommandBatch> batch_;
};

}  // namespace

std::unique_ptr<RecordSink> open_sink(CommandGateway& gateway, bool dry_run) {
  return std::make_unique<GatewaySink>(gateway.batch(dry_run));
}

}  // namespace rapport::import
