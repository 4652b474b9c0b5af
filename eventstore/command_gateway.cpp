#include "eventstore/command_gateway.h"

#include "eventstore/gateway/gateway_impl.h"

namespace rapport {

CommandGateway::CommandGateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandGateway::~CommandGateway() = default;

Result<std::unique_ptr<CommandGateway>> CommandGateway::open(const std::vector<Aggregate>& aggregates, EventStore& store,
                                                             SubjectKeys& keys, const Clock& clock, Snapshots* snapshots) {
  auto impl = std::make_unique<Impl>(aggregates, store, keys, clock, snapshots);
  if (auto finished = finish_erasures(store, keys); !finished) return std::move(finished).error();
  if (auto read = impl->read_policies(); !read) return std::move(read).error();
  return std::unique_ptr<CommandGateway>(new CommandGateway(std::move(impl)));
}

Result<Receipt> CommandGateway::submit(const Command& command) { return impl_->submit(command); }
std::vector<Result<Receipt>> CommandGateway::submit_together(std::span<const Command> commands) { return impl_->submit_together(commands); }

}  // namespace rapport
