#pragma once

// Vulkan's types. Its functions are called through vk::Functions alone: the loader's prototypes are
// off, and volk's global pointers stay null.
#define VK_NO_PROTOTYPES
#include <volk.h>
