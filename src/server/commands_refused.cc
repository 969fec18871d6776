// Commands that Nacre knows and will not carry out, with the codes that clients expect for that.
#include "server/commands.h"
#include "server/wire_error.h"

namespace nacre::server {

Result<> search_not_enabled() {
  return fail(Code::kUnsupported, wire_code::kSearchNotEnabled,
              "search indexes are a service of MongoDB Atlas; this server has none");
}

Result<> search_index_command(const Request&, bson::Builder&) { return search_not_enabled(); }

Result<> re_index(const Request&, bson::Builder&) {
  return fail(
      Code::kUnsupported, wire_code::kIllegalOperation,
      "reIndex is only allowed on a standalone server, which this one does not claim to be");
}

Result<> map_reduce(const Request&, bson::Builder&) {
  return fail(Code::kUnsupported, wire_code::kNoJavascript,
              "Cannot run server-side javascript without the javascript engine enabled");
}

}  // namespace nacre::server
