// Webhooks of a store in this process.
#include <capnp/serialize.h>

#include "adapters/application/command_ids.h"
#include "adapters/application/wiring.h"
#include "domain/reading.h"

namespace rapport {

Result<void> LocalStore::Impl::check_webhook(const std::string& command, Words body) const try {
  capnp::FlatArrayMessageReader message(body, reading_limits(body));
  auto root = message.getRoot<webhook::wire::Command>();
  auto check = [](auto clauses) -> Result<void> {
    std::vector<std::string> match;
    for (auto clause : clauses) match.emplace_back(clause.cStr(), clause.size());
    auto filter = parse_known_filter(match);
    if (!filter) return std::move(filter).error();
    return {};
  };
  if (command == "create") return check(root.getCreate().getMatch());
  if (command == "change") return check(root.getChange().getNew().getMatch());
  return {};
} catch (const kj::Exception& exception) {
  return Error{ErrorCode::kInvalid, "command.malformed", exception.getDescription().cStr()};
}

Result<void> LocalStore::Impl::pause_webhook(const std::string& id, webhook::PauseCause cause, const std::string& detail) {
  constexpr std::size_t kDetailMax = 1'000;
  auto said = detail.substr(0, kDetailMax);
  EventBuffer buffer;
  webhook::Pause pause{.cause = cause, .detail = said};
  auto body = buffer.append<webhook::wire::Command>([&](auto command) { pause.write_member(command); });
  auto receipt = gateway->submit({.aggregate = "webhook",
                                  .id = id,
                                  .body = body,
                                  .command_id = new_command_id(clock.now()),
                                  .actor = "rapport.webhooks",
                                  .actor_kind = ActorKind::RULE});
  if (!receipt) return std::move(receipt).error();
  return {};
}

Result<void> LocalStore::deliver_webhooks(const std::vector<std::string>& allowed) {
  auto networks = webhooks::ReachableNetworks::parse(allowed);
  if (!networks) return std::move(networks).error();
  auto& impl = *impl_;
  impl.webhooks = std::make_unique<webhooks::Webhooks>(*impl.store, *impl.keys, impl.clock, impl.webhooks_folder());
  impl.webhook_sender = std::make_unique<webhooks::Sender>(std::move(*networks));
  impl.delivering = std::jthread([&impl](const std::stop_token& stop) {
    impl.webhooks->deliver(*impl.webhook_sender, [&](auto& id, auto cause, auto& detail) { return impl.pause_webhook(id, cause, detail); }, stop);
  });
  return {};
}

Result<std::string> LocalStore::webhook(const WebhookRequest& request) {
  using About = WebhookRequest::About;
  auto writes = request.about != About::kList && request.about != About::kStatus && request.about != About::kDeliveries;
  if (writes && impl_->directory->read_only())
    if (auto reopened = impl_->reopen_for_writing(); !reopened) return std::move(reopened).error();
  // Whoever delivers knows more than the files do.
  std::optional<webhooks::Webhooks> of_files;
  if (!impl_->webhooks) of_files.emplace(*impl_->store, *impl_->keys, impl_->clock, impl_->webhooks_folder());
  auto& all = impl_->webhooks ? *impl_->webhooks : *of_files;
  switch (request.about) {
    case About::kList: return all.list();
    case About::kStatus: return all.status(request.id);
    case About::kDeliveries: {
      webhooks::DeliveriesWanted wanted{.from = {request.from}, .to = {request.to}};
      if (request.limit) wanted.limit = *request.limit;
      return all.deliveries(request.id, wanted);
    }
    case About::kReplay: return all.replay(request.id, {request.from}, {request.to});
    case About::kCreate:
    case About::kRotateSecret: break;
  }
  auto sent = request.command;
  sent.aggregate = "webhook";
  sent.id = request.id;
  sent.command = request.about == About::kCreate ? "create" : "rotateSecret";
  auto receipt = command(sent);
  if (!receipt) return receipt;
  return all.with_secret(request.id, *receipt);
}

}  // namespace rapport
