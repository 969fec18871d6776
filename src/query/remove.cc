#include <optional>
#include <utility>

#include "document/envelope.h"
#include "query/match_write_internal.h"

namespace nacre::query {
namespace {

class Remove final : public MatchWrite {
 public:
  Remove(const Scope& scope, const Target& target, bool takes)
      : MatchWrite(scope, target), takes_(takes) {}

  [[nodiscard]] std::int64_t count() const { return kept_; }
  [[nodiscard]] std::optional<bson::Document> taken() && { return std::move(taken_); }

 private:
  void reset() override {
    now_ = 0;
    taken_.reset();
  }
  void keep() override { kept_ += now_; }
  Result<> write(document::Writer& writer, Bytes key, Bytes stored) override {
    if (takes_) taken_ = bson::Document(NACRE_TRY(document::decode_bson(stored)));
    NACRE_TRY(writer.remove(key, stored));
    ++now_;
    return {};
  }

  bool takes_;
  std::optional<bson::Document> taken_;
  std::int64_t now_ = 0;
  std::int64_t kept_ = 0;
};

}  // namespace

Result<std::int64_t> remove(const Scope& scope, const RemoveRequest& request) {
  const auto target = MatchWrite::Target::of(request);
  Remove removal(scope, target, /*takes=*/false);
  NACRE_TRY(removal.run());
  return removal.count();
}

Result<std::optional<bson::Document>> take(const Scope& scope, const RemoveRequest& request) {
  auto target = MatchWrite::Target::of(request);
  target.multi = false;
  Remove removal(scope, target, /*takes=*/true);
  NACRE_TRY(removal.run());
  return std::move(removal).taken();
}

}  // namespace nacre::query
