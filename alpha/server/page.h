#pragma once

#include <span>
#include <string_view>

#include "alpha/http/message.h"

namespace alpha {

/// A file of the page that is part of the program.
struct PageFile {
  std::string_view path;  // "/" for the page itself, "/assets/index-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view etag;  // weak, since it is the same for each encoding: W/"0a1b…"
  std::string_view gzip;  // the file, as gzip has it
  bool is_immutable;      // another content has another path
};

/// All files, from web/ by tools/embed_page.py. None in a build with -DALPHA_WEB=OFF.
std::span<const PageFile> page_files() noexcept;

/// The file as `request` wants it: gzip or not, or 304 where the client has it.
http::Response page_response(const PageFile& file, const http::Request& request);

/// Whether an Accept-Encoding names gzip, or `*`, and not with q=0. "" does not.
bool is_accepting_gzip(std::string_view accept_encoding);

/// Whether an If-None-Match has this tag or `*`. Tags are compared weakly (RFC 9110, 13.1.2).
bool is_matching_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace alpha
