#pragma once

namespace alpha {

class Router;
class Service;

// Each adds the routes of its file. `service` outlives the router.

void add_health_routes(Router& router, Service& service);      // /health, /ready, /metrics
void add_openai_routes(Router& router, Service& service);      // /v1/…
void add_tokenize_routes(Router& router, Service& service);    // /tokenize, /detokenize
void add_original_routes(Router& router, Service& service);    // /api/generate, …: the original's
void add_run_routes(Router& router, Service& service);         // /api/runs, /api/training/live, …
void add_model_routes(Router& router, Service& service);       // /api/models/…: loaded or not
void add_checkpoint_routes(Router& router, Service& service);  // /api/runs/…: as files
void add_ingest_routes(Router& router, Service& service);      // /api/ingest, /api/upload
void add_system_routes(Router& router, Service& service);      // /api/system
void add_page_routes(Router& router, Service& service);        // /, /assets/…: the page

}  // namespace alpha
