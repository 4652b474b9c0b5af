// Digests over rows: for inspect, verify and the swap after a rebuild. On demand: no cost an event.
#pragma once
#include <string>
#include <string_view>

#include "projections/row_store.h"

struct evp_md_ctx_st;

namespace rapport::projections {

// SHA-256 over what is added, buffered so that short pieces are cheap.
class Sha256 final {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  ~Sha256();
  void add(std::string_view bytes);
  void add_framed(std::string_view bytes);  // after its length, so that pieces cannot run together
  Hash finish();                            // and begins anew

 private:
  void flush();
  evp_md_ctx_st* context_;
  std::string chunk_;
};

// Over every row as known at p, in key order.
Result<Hash> rows_digest(const RowSnapshot& snapshot, Position p = kNow);

}  // namespace rapport::projections
