#include <nlohmann/json.hpp>

#include "adapters/import/import_run.h"

namespace rapport::import {

std::string to_json(const ImportSummary& summary) {
  nlohmann::ordered_json json = {{"import", summary.import},     {"mapping", summary.mapping},
                                 {"rows", summary.rows},         {"accepted", summary.accepted},
                                 {"rejected", summary.rejected}, {"already", summary.already},
                                 {"events", summary.events},     {"position", summary.position}};
  json["rejects"] =
      summary.rejects.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(summary.rejects);
  json["seconds"] = summary.seconds;
  json["dryRun"] = summary.dry_run;
  json["commands"] = summary.commands;
  json["rejectedBy"] = summary.codes;
  json["unmapped"] = summary.unmapped;
  if (const auto& error = summary.aborted) {
    auto& aborted = json["aborted"];
    aborted = {{"code", error->reason}, {"message", error->message}};
    if (error->row) aborted["row"] = error->row;
    if (!error->hint.empty()) aborted["hint"] = error->hint;
  }
  if (!summary.rejects.empty())
    json["note"] =
        "the rejects file holds the source's text, personal data too: only its owner can read it";
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace rapport::import
