// The file tells the compiler that a function without a body is elsewhere: see
// vishRoute.
