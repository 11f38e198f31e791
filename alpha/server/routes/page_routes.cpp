#include <algorithm>

#include "alpha/server/page.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

void page(const std::shared_ptr<Call>& call) {
  const std::string& asked = call->request().path;
  const std::string_view path = asked == "/index.html" ? "/" : std::string_view(asked);
  const auto file = std::ranges::find(page_files(), path, &PageFile::path);
  if (file != page_files().end()) return call->respond(page_response(*file, call->request()));
  if (path != "/") {
    throw ApiError(404, fmt::format("there is nothing at '{}'", path.substr(0, 200)), {},
                   "not_found");
  }
  call->respond(http::Response{
      .status = 404,
      .body = "This build of alpha has no page: it was made with -DALPHA_WEB=OFF. docs/api.md "
              "says what programs can ask for.\n",
      .content_type = "text/plain; charset=utf-8"});
}

}  // namespace

void add_page_routes(Router& router, Service& /*service*/) {
  for (const char* path : {"/", "/index.html", "/favicon.svg", "/assets/{}"}) {
    router.add({"GET", path, page, Access::open});
  }
}

}  // namespace alpha
