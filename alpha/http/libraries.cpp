#include "alpha/http/libraries.h"

#include <algorithm>

#include <boost/version.hpp>
#include <openssl/crypto.h>

namespace alpha::http {

std::vector<std::pair<std::string, std::string>> libraries() {
  std::string boost = BOOST_LIB_VERSION;  // "1_81"
  std::replace(boost.begin(), boost.end(), '_', '.');
  return {{"boost", boost}, {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}};
}

}  // namespace alpha::http
