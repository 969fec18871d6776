// Commands about sessions. A session here is the memory of its last write (sessions.h) and its
// transaction (transactions.h).
#include <array>
#include <random>

#include "base/text.h"
#include "server/commands.h"
#include "server/session_arguments.h"
#include "server/structure.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

std::string_view session_id(const bson::Element& element) {
  if (!element.is(bson::Type::kDocument)) return {};
  const bson::Element id = element.document().find("id");
  return id.is(bson::Type::kBinary) ? as_text(id.binary().bytes) : std::string_view();
}

}  // namespace

Result<> start_session(const Request&, bson::Builder& reply) {
  std::random_device device;
  std::array<std::byte, 16> uuid{};
  for (std::byte& byte : uuid) byte = static_cast<std::byte>(device());
  uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4
  uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};  // the variant of RFC 4122
  reply.begin_document("id").append("id", bson::Binary{.subtype = 4, .bytes = uuid}).end();
  reply.append("timeoutMinutes", 30);
  return {};
}

Result<> end_sessions(const Request& request, bson::Builder&) {
  const bson::Element first = *request.fields.body().begin();
  NACRE_TRY(check_sessions(request.fields));
  for (const bson::Element& session : first.array()) {
    const std::string_view id = session_id(session);
    request.services.transactions.abort_session(id);
    request.services.sessions.forget(id);
  }
  return {};
}

Result<> refresh_sessions(const Request& request, bson::Builder&) {
  return check_sessions(request.fields);
}

namespace {

void kill_everything(const Request& request) {
  request.services.transactions.abort_all();
  request.services.sessions.forget_all();
}

}  // namespace

Result<> kill_all_sessions(const Request& request, bson::Builder&) {
  constexpr auto kUser =
      std::to_array<FieldRule>({{.name = "user", .takes = Takes::kString, .required = true},
                                {.name = "db", .takes = Takes::kString, .required = true}});
  const bson::Element users = *request.fields.body().begin();
  NACRE_TRY(check_list(request.fields.command(), users, kUser));
  // There are no users yet, so that those that are named have no sessions.
  if (users.array().empty()) kill_everything(request);
  return {};
}

Result<> kill_all_sessions_by_pattern(const Request& request, bson::Builder&) {
  constexpr auto kPattern = std::to_array<FieldRule>({{.name = "lsid", .takes = Takes::kObject},
                                                      {.name = "uid", .takes = Takes::kDigest},
                                                      {.name = "users", .takes = Takes::kArray},
                                                      {.name = "roles", .takes = Takes::kArray}});
  const bson::Element patterns = *request.fields.body().begin();
  NACRE_TRY(check_list(request.fields.command(), patterns, kPattern));
  for (const bson::Element& pattern : patterns.array()) {
    if (const bson::Element lsid = pattern.document().find("lsid"); lsid && !lsid.is_null_like()) {
      NACRE_TRY(check_session_id(format("{}.lsid", request.fields.command()), lsid));
    }
  }
  if (patterns.array().empty()) kill_everything(request);
  for (const bson::Element& pattern : patterns.array()) {
    if (pattern.document().empty()) kill_everything(request);
    const std::string_view id = session_id(pattern.document().find("lsid"));
    if (id.empty()) continue;
    request.services.transactions.abort_session(id);
    request.services.sessions.forget(id);
  }
  return {};
}

}  // namespace nacre::server
