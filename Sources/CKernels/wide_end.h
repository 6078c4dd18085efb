#undef LANES
#undef LANED
