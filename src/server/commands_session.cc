// Commands about sessions. A session here is the memory of its last write (sessions.h) and its
// transaction (transactions.h).
#include <array>
#include <random>

#include "server/commands.h"

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
  if (!first.is(bson::Type::kArray)) return {};
  for (const bson::Element& session : first.array()) {
    const std::string_view id = session_id(session);
    request.services.transactions.abort_session(id);
    request.services.sessions.forget(id);
  }
  return {};
}

Result<> refresh_sessions(const Request&, bson::Builder&) { return {}; }

Result<> kill_all_sessions(const Request& request, bson::Builder&) {
  request.services.transactions.abort_all();
  request.services.sessions.forget_all();
  return {};
}

}  // namespace nacre::server
