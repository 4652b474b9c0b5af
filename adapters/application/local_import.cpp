// What fills a LocalStore: imports, their reverts, the demo.
#include <nlohmann/json.hpp>

#include "adapters/application/wiring.h"
#include "adapters/demo/demo.h"
#include "adapters/import/engine/import_memory.h"
#include "adapters/import/import_run.h"
#include "adapters/import/revert.h"
#include "adapters/import/rocks/rocks_key_value.h"

namespace rapport {

Result<import::KeyValue*> LocalStore::Impl::import_memory(bool dry_run) {
  std::lock_guard one_opens(imports_opening);
  if (imports) return imports.get();
  if (dry_run && !std::filesystem::exists(path / "imports")) return &no_imports;
  auto folder = (path / "imports").string();
  auto opened = import::open_memory(folder, true);
  if (!opened) return std::move(opened).error();
  imports = std::move(*opened);
  return imports.get();
}

// A dry run of a store without imports leaves none.
Result<std::unique_ptr<import::KeyValue>> LocalStore::Impl::import_scratch() const {
  auto folder = path / "imports";
  return import::open_scratch((std::filesystem::exists(folder) ? folder : std::filesystem::temp_directory_path()).string());
}

Result<void> LocalStore::Impl::note_load() {
  auto memory = import_memory(false);
  if (!memory) return std::move(memory).error();
  return import::note_load(**memory, *store);
}

Result<void> LocalStore::Impl::verify_imports() {
  std::lock_guard one_at_a_time(long_work);
  auto memory = import_memory(true);
  if (!memory) return std::move(memory).error();
  return import::verify_memory(**memory, *store);
}

Result<std::string> LocalStore::import(const ImportRequest& request, const Progress& progress) {
  auto& impl = *impl_;
  std::string summary;
  {
    std::lock_guard one_at_a_time(impl.long_work);
    auto memory = impl.import_memory(request.dry_run);
    if (!memory) return std::move(memory).error();
    auto done = import::run_import({.mapping = request.mapping,
                                    .files = request.files,
                                    .dry_run = request.dry_run,
                                    .rejects = request.rejects,
                                    .rejects_folder = (impl.path / "rejects").string(),
                                    .time_zone = request.time_zone},
                                   {.gateway = *impl.gateway,
                                    .store = *impl.store,
                                    .keys = *impl.keys,
                                    .memory = **memory,
                                    .make_scratch = [&] { return impl.import_scratch(); },
                                    .stop = impl.options.stop},
                                   [&](std::uint64_t bytes, std::uint64_t total) {
                                     if (progress) progress({"import", "bytes", bytes, total});
                                   });
    if (!done) return std::move(done).error();
    summary = to_json(*done);
  }
  if (!request.dry_run)
    if (auto views = impl.catch_up(progress); !views) return std::move(views).error();
  return summary;
}

Result<std::string> LocalStore::revert(const std::string& import_id, bool dry_run) {
  auto& impl = *impl_;
  std::string summary;
  {
    std::lock_guard one_at_a_time(impl.long_work);
    auto memory = impl.import_memory(dry_run);
    if (!memory) return std::move(memory).error();
    auto done = import::revert_import(import_id, dry_run,
                                      {.gateway = *impl.gateway,
                                       .store = *impl.store,
                                       .keys = *impl.keys,
                                       .memory = **memory,
                                       .make_scratch = [&] { return impl.import_scratch(); }});
    if (!done) return std::move(done).error();
    summary = to_json(*done);
  }
  if (!dry_run)
    if (auto views = impl.catch_up(); !views) return std::move(views).error();
  return summary;
}

Result<std::string> LocalStore::demo(const DemoOptions& options, const Progress& progress) {
  {
    std::lock_guard one_at_a_time(impl_->long_work);
    auto done = run_demo(*impl_->gateway, {.customers = options.customers, .years = options.years, .seed = options.seed},
                         [&](std::uint64_t commands, std::uint64_t about) {
                           if (progress) progress({"demo", "commands", commands, about});
                         });
    if (!done) return std::move(done).error();
  }
  if (auto views = impl_->catch_up(progress); !views) return std::move(views).error();
  return inspect();
}

}  // namespace rapport
