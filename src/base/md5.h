// MD5 (RFC 1321), for what MongoDB defines by it; OpenSSL behind one seam. It keeps nothing safe
// from those who look for collisions.
//
// Threads: a digest belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace nacre {

class Md5 {
 public:
  using Digest = std::array<std::uint8_t, 16>;

  Md5();
  Md5& add(Bytes bytes);
  // Of all that was added; nothing is added afterwards.
  [[nodiscard]] Digest digest();
  // The same in hexadecimal digits.
  [[nodiscard]] std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;  // never null
};

}  // namespace nacre
