mod closed;
mod contract;
mod cuts;
mod damage;
mod files;
mod sale;
