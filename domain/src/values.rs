#[derive(Clone,Copy,Debug)] pub struct NationalNumber(i32,u64); impl NationalNumber { pub fn new(y:i32,n:u64)->Self{Self(y,n)} }
#[derive(Clone,Copy,Debug)] pub struct CardNumber(i32,u64); impl CardNumber { pub fn new(y:i32,n:u64)->Self{Self(y,n)} }
