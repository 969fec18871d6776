#include "base/md5.h"

#include <openssl/evp.h>

#include <string_view>

#include "base/check.h"

namespace nacre {
namespace {

// In a library context of its own, which no configuration of the machine can have forbidden MD5 in.
const EVP_MD* algorithm() {
  static const EVP_MD* const md5 = EVP_MD_fetch(OSSL_LIB_CTX_new(), "MD5", nullptr);
  NACRE_CHECK(md5 != nullptr, "OpenSSL's default provider has MD5");
  return md5;
}

}  // namespace

void Md5::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  const bool is_begun =
      context_ != nullptr && EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1;
  NACRE_CHECK(is_begun, "a digest needs some bytes of memory and nothing else");
}

Md5& Md5::add(Bytes bytes) {
  const int added = EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  NACRE_CHECK(added == 1, "bytes are added before the digest is taken");
  return *this;
}

Md5::Digest Md5::digest() {
  Digest digest{};
  const int done = EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
  NACRE_CHECK(done == 1, "a digest is taken once");
  return digest;
}

std::string Md5::hex() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest()) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0xf]);
  }
  return text;
}

}  // namespace nacre
