#include "server/session_arguments.h"

#include <array>

#include "server/structure.h"

namespace nacre::server {
namespace {

constexpr auto kSession =
    std::to_array<FieldRule>({{.name = "id", .takes = Takes::kUuid, .required = true},
                              {.name = "uid", .takes = Takes::kDigest},
                              {.name = "txnNumber", .takes = Takes::kLong},
                              {.name = "txnUUID", .takes = Takes::kUuid}});

}  // namespace

Result<> check_session_id(std::string_view path, const bson::Element& session) {
  NACRE_TRY(check_value(path, session, Takes::kObject));
  return check_structure(path, session.document(), kSession);
}

Result<> check_session_fields(const Fields& fields) {
  if (const bson::Element lsid = fields.get("lsid"); lsid && !lsid.is_null_like()) {
    NACRE_TRY(check_session_id("lsid", lsid));
  }
  const auto check = [&](std::string_view name, Takes takes) -> Result<> {
    const bson::Element value = fields.get(name);
    if (!value || value.is_null_like()) return {};
    return check_value(name, value, takes);
  };
  NACRE_TRY(check("txnNumber", Takes::kLong));
  NACRE_TRY(check("autocommit", Takes::kBool));
  return check("startTransaction", Takes::kBool);
}

Result<> check_sessions(const Fields& fields) {
  return check_list(fields.command(), *fields.body().begin(), kSession);
}

}  // namespace nacre::server
