#include "query/match_write_internal.h"

namespace nacre::query {
namespace {

class Remove final : public MatchWrite {
 public:
  using MatchWrite::MatchWrite;
  [[nodiscard]] std::int64_t count() const { return kept_; }

 private:
  void reset() override { now_ = 0; }
  void keep() override { kept_ += now_; }
  Result<> write(document::Writer& writer, Bytes key, Bytes stored) override {
    NACRE_TRY(writer.remove(key, stored));
    ++now_;
    return {};
  }

  std::int64_t now_ = 0;
  std::int64_t kept_ = 0;
};

}  // namespace

Result<std::int64_t> remove(const Scope& scope, const RemoveRequest& request) {
  const MatchWrite::Target target{.collection = request.collection,
                                  .filter = request.filter,
                                  .multi = request.multi,
                                  .hint = request.hint};
  Remove removal(scope, target);
  NACRE_TRY(removal.run());
  return removal.count();
}

}  // namespace nacre::query
