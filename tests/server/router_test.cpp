#include "alpha/server/router.h"

#include <gtest/gtest.h>

namespace alpha {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (const char* pattern : {"/all", "/a/{}/x/{}/get", "/a/{}/x", "/a/{}"}) {
      router.add({.method = "GET", .pattern = pattern, .handle = {}});
    }
    router.add({.method = "POST", .pattern = "/a/{}/x", .handle = {}});
  }

  std::string found(std::string_view path, std::string_view method = "GET") const {
    try {
      const Router::Match match = router.find(method, path);
      return fmt::format("{}: {}", match.route->pattern, fmt::join(match.parameters, ","));
    } catch (const ApiError& error) {
      std::string told = std::to_string(error.status);
      for (const auto& [name, value] : error.headers) told += fmt::format(" {}: {}", name, value);
      return told;
    }
  }

  Router router;
};

TEST_F(RouterTest, EachPlaceStandsForOnePartOfThePath) {
  EXPECT_EQ(found("/all"), "/all: ");
  EXPECT_EQ(found("/a/b c/x/12/get"), "/a/{}/x/{}/get: b c,12");
  EXPECT_EQ(found("/a/x/x/x/get"), "/a/{}/x/{}/get: x,x");
  EXPECT_EQ(found("/a/b/x"), "/a/{}/x: b");
}

TEST_F(RouterTest, APlaceAtTheEndIsTheRest) {
  EXPECT_EQ(found("/a/b"), "/a/{}: b");
  EXPECT_EQ(found("/a/b/y/z"), "/a/{}: b/y/z");
  EXPECT_EQ(found("/a/b/x/1/2/get"), "/a/{}: b/x/1/2/get");
}

TEST_F(RouterTest, APartThatIsEmptyIsNone) {
  EXPECT_EQ(found("/a/"), "404");
  EXPECT_EQ(found("/a//x"), "/a/{}: /x");
  EXPECT_EQ(found("/al"), "404");
  EXPECT_EQ(found("/"), "404");
}

TEST_F(RouterTest, OtherMethodsAreToldOnce) {
  EXPECT_EQ(found("/a/b/x", "POST"), "/a/{}/x: b");
  EXPECT_EQ(found("/a/b/x", "HEAD"), "/a/{}/x: b");
  EXPECT_EQ(found("/a/b/x", "PUT"), "405 Allow: GET, POST");
}

}  // namespace
}  // namespace alpha
