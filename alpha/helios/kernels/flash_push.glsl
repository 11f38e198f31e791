// Parameters of the kernels of attention on matrix units, behind the buffers' offsets.
  uint T_;
  uint H;
  uint first_batch;
  float scale;
  float cap;  // in units before the scale
  float keep_scale;
  uint threshold;
