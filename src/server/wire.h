// The MongoDB wire protocol's messages as bytes: finding, taking apart and putting together.
//
// Why no sockets here: everything a stranger can send is judged by these pure functions, so that
//   tests and the fuzzer reach all of it.
// Format:  header {int32 size, int32 request id, int32 response to, int32 op code}, little-endian,
//          then OP_MSG (2013), or OP_QUERY (2004) on <database>.$cmd, which old handshakes use.
//          OP_COMPRESSED and everything else is refused: hello offers no compressor.
// Errors:  kInvalid names the field. There is no way to resynchronise a broken stream, so every
//          error here closes the connection.
// Cost:    O(bytes) for checksum and document lengths; no allocation but the list of sequences.
// Threads: pure functions. The views in a Message point into the bytes it was decoded from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nacre::server {

inline constexpr std::size_t kHeaderSize = 16;               // bytes
inline constexpr std::size_t kMessageSizeMax = 48'000'000;   // bytes, header included
inline constexpr std::size_t kDocumentSizeMax = 16'777'216;  // bytes, of a stored document
// A command may wrap a document of full size, so documents on the wire are allowed a little more.
inline constexpr std::size_t kWireDocumentSizeMax = kDocumentSizeMax + 16 * 1024;  // bytes

// Documents sent beside the command, as if they were its array field `name`.
struct Sequence {
  std::string_view name;
  Bytes documents;        // back to back; every length prefix has been checked
  std::size_t count = 0;  // of documents
};

struct Message {
  std::int32_t request_id = 0;
  bool legacy = false;          // OP_QUERY, to be answered by OP_REPLY
  bool wants_reply = true;      // false: moreToCome was set, nothing may be sent back
  std::string_view collection;  // OP_QUERY only: "admin.$cmd"
  Bytes body;                   // the command; its length prefix has been checked, nothing else
  std::vector<Sequence> sequences;
};

// How many bytes the message at the start of `received` has, or nothing while its header is not
// complete. Refuses sizes and op codes at the earliest byte that shows them.
[[nodiscard]] Result<std::optional<std::size_t>> message_size(Bytes received);

// Takes one whole message apart. Requires message_size(bytes) == bytes.size(); anything else is
// an error too.
[[nodiscard]] Result<Message> decode_message(Bytes bytes);

// Takes the first document off `rest`. Requires a Sequence's documents, not yet all taken.
[[nodiscard]] Bytes take_document(Bytes& rest);

// The answer to `request` with `document` in the form that belongs to it (OP_MSG or OP_REPLY).
[[nodiscard]] std::string encode_reply(const Message& request, std::int32_t reply_id,
                                       Bytes document);

}  // namespace nacre::server
